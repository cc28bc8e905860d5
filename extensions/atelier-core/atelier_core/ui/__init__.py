"""What panels need of gradio and of the page, the same on every version a host carries."""
