"""What is configured inside Vault: who logs in how, who may do what, and where secrets lie."""
