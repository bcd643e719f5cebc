"""Components of the layer `foundation`: what an environment needs of an AWS account."""
