"""What programs call: REST, the OpenAI-compatible interface, MCP."""
