"""Components: one concept a file, each with its args; they read no config and build no provider."""
