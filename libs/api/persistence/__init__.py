"""Objects of contracts that persist themselves in DynamoDB (`x-persist`)."""
