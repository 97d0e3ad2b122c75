"""The APIs for programs: REST, OpenAI-compatible, MCP."""
