"""`modyn dataset`: register folders of growing data, and see what is in them."""

from __future__ import annotations

import typer

from modyn.cli.dataset import add, append, delete, samples, scan, show, upkeep, watch

app = typer.Typer(no_args_is_help=True, help="Register folders of growing data, and see what is in them.")
app.command("add")(add.add)
app.command("append")(append.append)
app.command("list")(show.list_datasets)
app.command("status")(show.status)
app.command("samples")(samples.samples)
app.command("scan")(scan.scan)
app.command("watch")(watch.watch)
app.command("delete")(delete.delete)
app.command("delete-samples")(delete.delete_samples)
app.command("check")(upkeep.check)
app.command("collect")(upkeep.collect)
