"""`glassyli doctor`: what works here, what does not, and what to do about it."""

from typing import Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port `serve` would use.")] = 8000,
    as_json: AsJson = False,
) -> None:
    """Try each engine once and say what to do if it fails."""
    console = SESSION.console(as_json=as_json)
    from serve.doctor import checks, machine

    found = []
    for check in checks(port):
        found.append(check)
        mark = "ok  " if check.is_well else "FAIL"
        console.result(f"{mark}  {check.name:<8} {check.found}  [{check.wall_s:.1f} s]")
        if check.remedy:
            console.result(f"      {'':<8} do: {check.remedy}")
    here = machine()
    versions = ", ".join(f"{name} {number}" for name, number in here["versions"].items())
    console.result(
        f"\npython {here['python']}, {here['cores']} cores, {here['memory_GiB']} GiB, "
        f"GPU: {here['gpu'] or 'none (not needed)'}, "
        f"Ray authentication: {here['ray_authentication']}\n{versions}"
    )
    is_well = all(check.is_well for check in found)
    console.result_json(
        {"is_well": is_well, "checks": [check.as_json() for check in found], **here}
    )
    console.result(
        "all is well    next: glassyli quickstart --out runs/quickstart"
        if is_well
        else "something is missing; see the lines marked FAIL"
    )
    if not is_well:
        raise typer.Exit(1)
