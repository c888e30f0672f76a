"""A file, or the part of it that a player asks for (RFC 9110 14)."""

from __future__ import annotations

import re
from pathlib import Path

from django.http import HttpRequest, HttpResponse

RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
"""One range. Of several a server may send the whole (RFC 9110 14.2); no player asks for several."""

PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416


def file_response(request: HttpRequest, path: Path, *, content_type: str) -> tuple[HttpResponse, bool]:
    """The response, and whether it has the file's beginning. The part is read into memory: for files of some megabytes."""
    size = path.stat().st_size
    found = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or found.groups() == ("", ""):
        return _whole(path, size, content_type), True
    first, last = _bounds(found[1], found[2], size)
    if first >= size or first > last:
        response = HttpResponse(status=RANGE_NOT_SATISFIABLE)
        response["Content-Range"] = f"bytes */{size}"
        return response, False
    response = _part(path, first, last, content_type)
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response, first == 0


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Without a first the last so many bytes are meant."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _whole(path: Path, size: int, content_type: str) -> HttpResponse:
    response = _part(path, 0, size - 1, content_type)
    response.status_code = 200
    return response


def _part(path: Path, first: int, last: int, content_type: str) -> HttpResponse:
    with path.open("rb") as file:
        file.seek(first)
        response = HttpResponse(file.read(last - first + 1), status=PARTIAL_CONTENT, content_type=content_type)
    response["Accept-Ranges"] = "bytes"
    return response
