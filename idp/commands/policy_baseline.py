"""`idp policy baseline ENV`: what the policies find in an environment that was there before them."""

from __future__ import annotations

import json

import typer

from idp import display, orchestration, readiness
from idp.commands.options import EnvironmentName, Json, Layer
from idp.files import write
from idp.guard import guarded
from idp.session import open_session


def baseline(env: EnvironmentName, layer: Layer = None, as_json: Json = False) -> None:
    """Write down what the policies find by now: from then on it is only reported, and what is new refuses.

    Previews the environment and changes nothing in it; entries of layers that cannot be previewed yet stay as they are.
    """
    # The rules' package is imported by this command alone: every other would wait for it.
    from idp import baseline as work

    with open_session(env, layer, display.note) as session:
        path = work.file_of(session.environment)
        ready = readiness.required(work.asking_for_everything(session), display.note)
        with display.watching() as shown, guarded(ready, display.note):
            results = orchestration.preview(ready, shown.begin)
        entries = work.found(results)
        looked_at = {session.layers.stack(result.layer) for result in results}
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    # Like any file of the repository, not the owner's alone.
    write(path, work.renewed(old, entries, looked_at), 0o644)
    for missing in [name for name in session.chosen if session.layers.stack(name) not in looked_at]:
        display.note(f"{missing}: not looked at; its entries stay as they are")
    if session.environment.policies.baseline is None:
        display.note(f"{session.environment.name}.yaml: name the file there: `policies: {{baseline: {path.name}}}`")
    if as_json:
        typer.echo(json.dumps({"file": str(path), "findings": [vars(one) for one in entries]}, indent=2))
    else:
        rows = sorted((one.control, one.urn, str(one.findings)) for one in entries)
        display.table(str(path), ("control", "resource", "findings"), rows)
