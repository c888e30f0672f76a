"""What telephony does to rows."""
