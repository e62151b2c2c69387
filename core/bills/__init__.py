"""A vendor's bill as a file, read line by line, and held against what was booked."""
