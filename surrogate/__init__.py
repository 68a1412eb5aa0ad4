"""What is predicted from an embryo, and the search for designs that stay glassy."""
