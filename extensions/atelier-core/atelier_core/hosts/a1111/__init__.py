"""The AUTOMATIC1111 webui as a host. Forge builds on the same files and differs where its backend does."""
