"""`python -m deploy.kubernetes`: what a cluster runs, made from docker-compose.yml (Kustomize)."""
