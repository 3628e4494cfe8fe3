"""Inference behind HTTP: any server with OpenAI's completions, such as vLLM, llama.cpp or Ollama."""
