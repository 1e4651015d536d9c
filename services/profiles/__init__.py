"""What people show of themselves: spec-first functions on objects that persist themselves."""
