"""What people show of themselves: spec-first functions on a PynamoDB model."""
