"""Rows in DynamoDB: reading them page by page, writing them on conditions, counting them."""
