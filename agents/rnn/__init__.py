"""The paper's two recurrent networks."""
