"""What a caller is led through before an agent: flows as documents, their steps, and the interpreter that walks them.

Pure: no Django, no SIP. A call process runs it on digits of a real caller, the simulator on typed ones.
"""
