"""Who hears what inside one call process: bridges between legs, music and prompts to a leg."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ..ports import Fact, LegId
from .recording import Recordings

log = logging.getLogger(__name__)

GRAVE_SECONDS = 1.0
"""The library still touches a player for a while after its end was reported; destroying it earlier crashes."""


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    """One file, looped or once. `ended` is called on the loop's thread when it was played once to its end."""

    def __init__(self, path: str, *, ended: Callable[[Player], None] | None = None) -> None:
        super().__init__()
        self.path = path
        self.ended = ended
        self.createPlayer(path, 0 if ended is None else pj.PJMEDIA_FILE_NO_LOOP)

    def onEof2(self) -> None:
        if self.ended:
            self.ended(self)


class Track:
    """What one leg is played: a prompt if there is one, else music, else nothing. A player that nobody listens to stands still, so
    music goes on after a prompt, or a talk, where it was."""

    def __init__(self) -> None:
        self.pieces: tuple[str, ...] = ()
        """Files of the music, played one after the other for ever."""
        self.piece = 0
        self.music: Player | None = None
        self.prompts: list[str] = []
        self.prompt: Player | None = None
        self.rests = False
        """The leg was bridged: no music until it is asked for again."""

    @property
    def current(self) -> Player | None:
        return self.prompt or (None if self.rests else self.music)


class Studio:
    """The conference bridge. Wishes are kept and applied again whenever a leg's media is made anew (re-INVITE)."""

    def __init__(self, prompt_ended: Callable[[LegId, str], None], tell: Callable[[Fact], None]) -> None:
        self._prompt_ended = prompt_ended
        self._ports: dict[LegId, Any] = {}
        self.recordings = Recordings(self._ports.get, tell)
        self._tracks: dict[LegId, Track] = {}
        self._bridges: set[frozenset[LegId]] = set()
        self._listeners: set[tuple[LegId, LegId]] = set()
        """Who hears whom, one way only."""
        self._ended: list[Player] = []
        self._grave: list[tuple[float, Player]] = []

    def media_ready(self, leg: LegId, port: Any) -> None:
        """The leg has an audio port (again): give it what it should hear."""
        self._ports[leg] = port
        self._start_current(leg)
        self.recordings.connect(leg)
        for pair in self._bridges:
            if leg in pair:
                self._connect(*pair)
        for listener, speaker in self._listeners:
            if leg in (listener, speaker):
                self._let_hear(listener, speaker)

    def media_gone(self, leg: LegId) -> None:
        self._ports.pop(leg, None)

    def forget(self, leg: LegId) -> None:
        """The leg is over: nothing is played to it, nothing recorded of it or bridged with it."""
        self.recordings.stop(leg)
        self._ports.pop(leg, None)
        self.stop(leg)
        self._bridges = {pair for pair in self._bridges if leg not in pair}
        self._listeners = {pair for pair in self._listeners if leg not in pair}

    def bridge(self, one: LegId, other: LegId) -> None:
        for leg in (one, other):
            self._rest(leg)
        self._listeners -= {(one, other), (other, one)}
        self._bridges.add(frozenset((one, other)))
        self._connect(one, other)

    def unbridge(self, one: LegId, other: LegId) -> None:
        self._listeners -= {(one, other), (other, one)}
        self._bridges.discard(frozenset((one, other)))
        if one in self._ports and other in self._ports:
            _quietly(self._ports[one].stopTransmit, self._ports[other])
            _quietly(self._ports[other].stopTransmit, self._ports[one])

    def listen(self, leg: LegId, to: LegId) -> None:
        self._rest(leg)
        self._listeners.add((leg, to))
        self._let_hear(leg, to)

    def music(self, leg: LegId, pieces: tuple[str, ...]) -> None:
        """Play `pieces` again and again; what the leg heard of them before goes on. Raises `OSError` when the first cannot be read
        as WAV."""
        track = self._tracks.setdefault(leg, Track())
        if track.music is None or track.pieces != pieces:
            fresh = self._open_piece(pieces, 0)
            self._silence(leg, track.music)
            self._bury(track.music)
            track.pieces, track.piece, track.music = pieces, 0, fresh
        track.rests = False
        if track.prompt is None:
            self._start_current(leg)

    def prompt(self, leg: LegId, paths: list[str]) -> None:
        """Play `paths` one after the other, music paused. Raises `OSError` when the first cannot be read as WAV."""
        first = _open(paths[0], ended=self._note_ended)
        track = self._tracks.setdefault(leg, Track())
        self._silence(leg, track.current)
        self._bury(track.prompt)
        track.prompt, track.prompts = first, paths[1:]
        self._start_current(leg)

    def stop(self, leg: LegId) -> None:
        track = self._tracks.pop(leg, None)
        if track:
            self._silence(leg, track.current)
            self._bury(track.prompt)
            self._bury(track.music)

    def tick(self) -> None:
        """Move on from prompts that ended, and let go of players long silent. Called by the loop, never by a callback."""
        self.recordings.tick()
        if not self._ended and not self._grave:
            return
        ended, self._ended = self._ended, []
        for player in ended:
            for leg, track in list(self._tracks.items()):
                if track.prompt is player:
                    self._prompt_over(leg, track, player)
                elif track.music is player:
                    self._next_piece(leg, track, player)
        until = time.monotonic() - GRAVE_SECONDS
        self._grave = [(since, player) for since, player in self._grave if since > until]

    def close(self) -> None:
        """Let go of every player and port; the stack must still be alive."""
        self.recordings.close()
        for leg in list(self._tracks):
            self.stop(leg)
        self._ports.clear()
        self._bridges.clear()
        self._ended.clear()
        self._grave.clear()

    def _rest(self, leg: LegId) -> None:
        """Silence for a while: the prompt is over, music goes on from here when it is asked for again."""
        track = self._tracks.get(leg)
        if track:
            self._silence(leg, track.current)
            self._bury(track.prompt)
            track.prompt, track.prompts, track.rests = None, [], True

    def _next_piece(self, leg: LegId, track: Track, player: Player) -> None:
        """Pieces that cannot be read are left out; with none left there is silence, and the log says why."""
        self._silence(leg, player)
        self._bury(player)
        track.music = None
        for step in range(1, len(track.pieces) + 1):
            piece = (track.piece + step) % len(track.pieces)
            try:
                track.music = self._open_piece(track.pieces, piece)
            except OSError as error:
                log.error("Music left out: %s", error)
                continue
            track.piece = piece
            break
        if track.prompt is None:
            self._start_current(leg)

    def _open_piece(self, pieces: tuple[str, ...], piece: int) -> Player:
        """A single one is looped by the library itself, without a seam."""
        return _open(pieces[piece], ended=self._note_ended if len(pieces) > 1 else None)

    def _prompt_over(self, leg: LegId, track: Track, player: Player) -> None:
        self._silence(leg, player)
        self._bury(player)
        track.prompt = self._next_prompt(track)
        self._start_current(leg)
        if track.prompt is None:
            self._prompt_ended(leg, player.path)

    def _next_prompt(self, track: Track) -> Player | None:
        """A file that cannot be read is left out: a caller must not hear silence because of it."""
        while track.prompts:
            try:
                return _open(track.prompts.pop(0), ended=self._note_ended)
            except OSError as error:
                log.error("Prompt left out: %s", error)
        return None

    def _note_ended(self, player: Player) -> None:
        self._ended.append(player)

    def _start_current(self, leg: LegId) -> None:
        track = self._tracks.get(leg)
        if track and track.current and leg in self._ports:
            _quietly(track.current.startTransmit, self._ports[leg])

    def _silence(self, leg: LegId, player: Player | None) -> None:
        if player and leg in self._ports:
            _quietly(player.stopTransmit, self._ports[leg])

    def _bury(self, player: Player | None) -> None:
        if player:
            self._grave.append((time.monotonic(), player))

    def _connect(self, one: LegId, other: LegId) -> None:
        self._let_hear(one, other)
        self._let_hear(other, one)

    def _let_hear(self, listener: LegId, speaker: LegId) -> None:
        if listener in self._ports and speaker in self._ports:
            _quietly(self._ports[speaker].startTransmit, self._ports[listener])


def _open(path: str, *, ended: Callable[[Player], None] | None = None) -> Player:
    try:
        return Player(path, ended=ended)
    except pj.Error as error:
        raise OSError(f"Cannot play {path}: {error.reason}. It must be a WAV file, 16 bit, mono, 8 or 16 kHz.") from error


def _quietly(operation: Callable[[Any], None], port: Any) -> None:
    """A port may vanish between the wish and the deed; then there is nothing left to connect."""
    try:
        operation(port)
    except pj.Error:
        return
