"""The books sealed in a chain that anybody can check, and what last night's check of them said."""
