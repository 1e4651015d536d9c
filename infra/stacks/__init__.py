"""What is in AWS before anything is deployed: CloudFormation stacks, cut by how long they live."""
