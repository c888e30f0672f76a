"""Real SIP phones for tests and benchmarks, and the stack they call.

`phones`  phones on pjsua2, several in one subprocess, for what a real phone does
`fleet`   light phones on plain UDP and one asyncio loop, for many at once and for what no real phone would do
`stack`   PostgreSQL, schema, node and edge as real processes on free ports
`tones`   what phones play and how it is recognised at the other end
"""
