"""`fleet models` and what belongs to it."""

import typer

from .model_prices import prices
from .model_pull import pull
from .model_sync import sync
from .model_verify import verify
from .models import models

models_app = typer.Typer(name="models", callback=models, invoke_without_command=True)
models_app.command()(pull)
models_app.command()(prices)
models_app.command()(sync)
models_app.command()(verify)
