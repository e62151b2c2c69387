"""What is expected of an answer, checked without trusting the patterns and schemas that say it."""
