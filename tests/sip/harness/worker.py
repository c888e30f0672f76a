"""Runs pjsua2 phones in a process of its own: one line of JSON in is a request, one line out is its answer.

Started by `phones.Bank`. Up to four calls at once over all its phones (a limit of the pjsua2 wheel). Each phone
has its own address and port, plays one tone to whoever it talks to and keeps the last seconds it heard.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pjsua2 as pj

from tests.sip.harness import tones

CODECS = {name: 200 - rank for rank, name in enumerate(os.environ.get("PHONE_CODECS", "PCMA/8000/1 PCMU/8000/1").split())}
EAR_FRAMES = 50 * 20
"""Frames of 20 ms that a call remembers: 20 s."""


class Ear(pj.AudioMediaPort):  # type: ignore[misc]
    """Keeps what it hears; PJSIP calls it from its media thread."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: deque[bytes] = deque(maxlen=EAR_FRAMES)

    def onFrameReceived(self, frame: Any) -> None:
        self.frames.append(bytes(frame.buf))

    def last(self, seconds: float) -> tones.Samples:
        wanted = list(self.frames)[-max(1, int(seconds * 50)) :]
        return np.frombuffer(b"".join(wanted), dtype=np.int16)


class Line(pj.Call):  # type: ignore[misc]
    """One call of a phone."""

    def __init__(self, phone: Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone, call_id)
        self.phone = phone
        self.ear: Ear | None = None
        self.state = "NULL"
        self.status = 0
        self.digits: list[str] = []
        self.answer_at = 0.0
        self.answer_with = 200

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        self.state, self.status = info.stateText, info.lastStatusCode

    def onCallMediaState(self, prm: Any) -> None:
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status != pj.PJSUA_CALL_MEDIA_NONE:
                self.connect(self.getAudioMedia(index))

    def connect(self, audio: Any) -> None:
        if self.ear is None:
            wanted = pj.MediaFormatAudio()
            wanted.init(pj.PJMEDIA_FORMAT_PCM, tones.RATE, 1, 20000, 16)
            self.ear = Ear()
            self.ear.createPort(f"ear{self.getId()}", wanted)
        self.phone.mouth.startTransmit(audio)
        audio.startTransmit(self.ear)

    def onDtmfDigit(self, prm: Any) -> None:
        self.digits.append(prm.digit)

    def due(self, now: float) -> None:
        if self.answer_at and now >= self.answer_at:
            self.answer_at = 0.0
            prm = pj.CallOpParam()
            prm.statusCode = self.answer_with
            self.answer(prm)


class Phone(pj.Account):  # type: ignore[misc]
    """One account with its own transport, its tone and its way of taking calls."""

    def __init__(self, mouth: Any) -> None:
        super().__init__()
        self.mouth = mouth
        self.policy: dict[str, Any] = {"do": "ring"}
        self.lines: list[Line] = []
        self.registered = False
        self.registrar_status = 0

    def onRegState(self, prm: Any) -> None:
        self.registrar_status = prm.code
        self.registered = prm.code == 200 and prm.expiration > 0

    def onIncomingCall(self, prm: Any) -> None:
        line = Line(self, prm.callId)
        self.lines.append(line)
        line.state = "INCOMING"
        at_once = pj.CallOpParam()
        at_once.statusCode = 180
        line.answer(at_once)
        if self.policy["do"] != "ring":
            line.answer_with = self.policy.get("status", 200)
            line.answer_at = time.monotonic() + self.policy.get("after", 0.0) or 0.001


class Worker:
    """The phones of this process and the requests they obey."""

    def __init__(self) -> None:
        # PJSIP logs to descriptor 1: it becomes the log, and our answers keep the pipe.
        self.out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.endpoint = pj.Endpoint()
        self.phones: dict[str, Phone] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="phones-"))
        self.start()

    def start(self) -> None:
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = int(os.environ.get("PHONE_LOG", "1"))
        config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
        config.medConfig.clockRate = config.medConfig.sndClockRate = tones.RATE
        config.medConfig.noVad, config.medConfig.ecTailLen, config.medConfig.sndAutoCloseTime = True, 0, -1
        self.endpoint.libCreate()
        self.endpoint.libInit(config)
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, CODECS.get(codec.codecId, 0))
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()

    def op_open(self, phone: str, user: str, password: str, edge: str, realm: str, tone: int, host: str, contact: str, expires: int) -> int:
        """Make a phone bound to `host`; `contact` (if any) is what it claims as its Contact, whatever its real address."""
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = host, 0
        transport_id = self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        account = pj.AccountConfig()
        account.idUri, account.regConfig.registrarUri = f"sip:{user}@{edge}", f"sip:{edge}"
        account.regConfig.registerOnAdd, account.regConfig.retryIntervalSec = False, 1
        account.regConfig.timeoutSec = expires
        account.sipConfig.transportId, account.sipConfig.contactForced = transport_id, contact
        account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", realm, user, 0, password))
        account.natConfig.contactRewriteUse = account.natConfig.viaRewriteUse = 0
        account.natConfig.udpKaIntervalSec = 0
        account.mediaConfig.transportConfig.boundAddress = host
        account.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
        self.phones[phone] = made = Phone(self.mouth(tone))
        made.create(account)
        return int(self.endpoint.transportGetInfo(transport_id).localAddress.rpartition(":")[2])

    def mouth(self, tone: int) -> Any:
        path = tones.write_wav(self.folder / f"{tone}.wav", tones.tone(tone))
        player = pj.AudioMediaPlayer()
        player.createPlayer(str(path))
        return player

    def op_register(self, phone: str, on: bool) -> None:
        """REGISTER, again if registered already; with expiry 0 if not `on`."""
        self.phones[phone].registrar_status = 0
        self.phones[phone].setRegistration(on)

    def op_policy(self, phone: str, **policy: Any) -> None:
        self.phones[phone].policy = policy

    def op_call(self, phone: str, uri: str) -> int:
        account = self.phones[phone]
        line = Line(account)
        account.lines.append(line)
        line.makeCall(uri, pj.CallOpParam(True))
        return len(account.lines) - 1

    def op_answer(self, phone: str, line: int, status: int) -> None:
        prm = pj.CallOpParam()
        prm.statusCode = status
        self.phones[phone].lines[line].answer(prm)

    def op_hang_up(self, phone: str, line: int) -> None:
        if self.phones[phone].lines[line].isActive():
            self.phones[phone].lines[line].hangup(pj.CallOpParam())

    def op_hold(self, phone: str, line: int) -> None:
        self.phones[phone].lines[line].setHold(pj.CallOpParam(True))

    def op_resume(self, phone: str, line: int) -> None:
        prm = pj.CallOpParam(True)
        prm.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.phones[phone].lines[line].reinvite(prm)

    def op_digits(self, phone: str, line: int, digits: str, method: str) -> None:
        prm = pj.CallSendDtmfParam()
        prm.digits = digits
        prm.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if method == "info" else pj.PJSUA_DTMF_METHOD_RFC2833
        self.phones[phone].lines[line].sendDtmf(prm)

    def op_state(self, phone: str) -> dict[str, Any]:
        account = self.phones[phone]
        lines = [{"state": line.state, "status": line.status, "digits": "".join(line.digits)} for line in account.lines]
        return {"registered": account.registered, "registrar_status": account.registrar_status, "lines": lines}

    def op_heard(self, phone: str, line: int, frequency: int, seconds: float) -> float:
        """Share of energy at `frequency` in the last `seconds`; 0 if it has not heard that long."""
        ear = self.phones[phone].lines[line].ear
        if ear is None or len(ear.frames) < seconds * 50:
            return 0.0
        return tones.share(ear.last(seconds), frequency)

    def op_quit(self) -> None:
        self.endpoint.hangupAllCalls()
        for _ in range(20):
            self.endpoint.libHandleEvents(10)
        # Past every destructor: objects of pjsua2 that outlive the library abort the process.
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        handler: Callable[..., Any] = getattr(self, "op_" + request.pop("op"))
        try:
            return {"ok": handler(**request)}
        except Exception as error:  # told to the asking test, which fails with it
            detail = error.info() if isinstance(error, pj.Error) else f"{type(error).__name__}: {error}"
            return {"error": detail}

    def run(self) -> None:
        print(json.dumps({"ok": "ready"}), file=self.out, flush=True)
        pending = b""
        while True:
            self.endpoint.libHandleEvents(5)
            now = time.monotonic()
            for phone in self.phones.values():
                for line in phone.lines:
                    line.due(now)
            if select.select([0], [], [], 0)[0]:
                chunk = os.read(0, 65536)
                if not chunk:  # our test is gone
                    os._exit(0)
                *complete, pending = (pending + chunk).split(b"\n")
                for text in complete:
                    print(json.dumps(self.answer(json.loads(text))), file=self.out, flush=True)


if __name__ == "__main__":
    Worker().run()
    sys.exit(0)
