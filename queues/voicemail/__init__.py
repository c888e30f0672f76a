"""Voicemail: boxes, the messages in them, their files, who may hear them, and how people are told of them."""
