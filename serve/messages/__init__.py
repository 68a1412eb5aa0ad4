"""What is said over HTTP: the questions, the answers, and why a question cannot be asked."""
