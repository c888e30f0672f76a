"""The SIP and media stack of one call process, set up the way measurements taught."""

from __future__ import annotations

import ctypes
import os
import socket
import stat
from dataclasses import dataclass

import pjsua2 as pj
from pjsua2 import _pjsua2

PLAIN_REALM = "outside"
"""The realm in the challenges that the edge hands on (`telephony.edge.credentials`)."""

CODECS = {"PCMA/8000/1": 200, "PCMU/8000/1": 190, "G722/16000/1": 180}
"""All others are off: several of them let a hostile packet abort the library."""

LEGS = 4
"""Compiled into the library (PJSUA_MAX_CALLS)."""

DSCP_CS3 = 24
DSCP_EF = 46
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the stack listens and what it proposes. Times in seconds."""

    sip_host: str
    rtp_port_min: int
    rtp_port_max: int
    media_host: str = ""
    """Address the RTP sockets bind to; empty: `sip_host`."""
    public_address: str = ""
    """Address put into SDP when phones see another one than we bind to."""
    session_expires: int = 600
    log_path: str = ""

    @property
    def domain(self) -> str:
        """The host under which phones that we ring see the caller: one that they can send to."""
        return self.public_address or self.media_host or self.sip_host


def create(settings: Settings) -> tuple[pj.Endpoint, int]:
    """Start the stack. Returns it and the UDP port it chose. Raises `OSError` when no socket can be had."""
    _be_quiet()
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(_endpoint_config(settings))
    try:
        endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, _transport(settings.sip_host, dscp=DSCP_CS3))
    except pj.Error as error:
        raise OSError(f"No UDP socket for SIP on {settings.sip_host}: {error.reason}") from error
    endpoint.libStart()
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, CODECS.get(codec.codecId, 0))
    return endpoint, int(endpoint.transportGetInfo(endpoint.transportEnum()[0]).localName.rsplit(":", 1)[1])


def _be_quiet() -> None:
    """Until it is configured the library prints to standard output, which may be a pipe that nobody drains."""
    ctypes.CDLL(_pjsua2.__file__).pj_log_set_level(0)


def account_config(settings: Settings, port: int) -> pj.AccountConfig:
    """Our one local identity: it registers nowhere, offers a session timer, refuses what we do not use."""
    config = pj.AccountConfig()
    config.idUri = f"sip:callcenter@{settings.sip_host}:{port}"
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS
    config.callConfig.timerSessExpiresSec = max(90, settings.session_expires)
    config.callConfig.timerMinSESec = 90  # the protocol's own minimum (RFC 4028 4)
    config.natConfig.iceEnabled = False
    config.natConfig.contactRewriteUse = config.natConfig.viaRewriteUse = config.natConfig.sdpNatRewriteUse = 0
    config.natConfig.sipOutboundUse = 0
    config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_DISABLED
    media = _transport(settings.media_host or settings.sip_host, dscp=DSCP_EF)
    media.port = settings.rtp_port_min
    media.portRange = max(0, settings.rtp_port_max - settings.rtp_port_min)
    media.publicAddress = settings.public_address
    config.mediaConfig.transportConfig = media
    return config


def challenged_account_config(settings: Settings, port: int) -> pj.AccountConfig:
    """As `account_config`, for calls through trunks: challenges are answered, with a password that the edge replaces."""
    config = account_config(settings, port)
    config.priority = -1  # whatever arrives is the other account's
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", PLAIN_REALM, "outside", 0, "none"))
    return config


def _endpoint_config(settings: Settings) -> pj.EpConfig:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = LEGS
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "callcenter"
    config.uaConfig.mwiUnsolicitedEnabled = False
    # Without an ioqueue and threads of its own the media lives in libHandleEvents: an idle process costs nothing.
    config.medConfig.hasIoqueue = False
    config.medConfig.threadCnt = 0
    # Callers from outside speak G.711: a bridge at 16 kHz would resample every packet twice (a seventh more CPU) for nothing.
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.medConfig.noVad = True
    # The bridge clock must run on, or ports that were removed are never freed (253 of them fill the conference).
    config.medConfig.sndAutoCloseTime = -1
    config.medConfig.ecTailLen = 0
    config.logConfig.level = 4 if settings.log_path else 0
    config.logConfig.consoleLevel = 0
    config.logConfig.msgLogging = 1 if settings.log_path else 0
    config.logConfig.filename = settings.log_path
    return config


def _transport(host: str, *, dscp: int) -> pj.TransportConfig:
    config = pj.TransportConfig()
    config.boundAddress = "" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    config.qosParams.flags = pj.PJ_QOS_PARAM_HAS_DSCP
    config.qosParams.dscp_val = dscp
    return config


def socket_number(port: int) -> int:
    """File descriptor of our UDP socket on `port`: the library tells nobody. Raises `OSError` when there is none."""
    for name in os.listdir("/proc/self/fd"):
        if _is_udp_socket_on(int(name), port):
            return int(name)
    raise OSError(f"No UDP socket on port {port} in this process")


def _is_udp_socket_on(number: int, port: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        with socket.socket(fileno=os.dup(number)) as candidate:
            return candidate.family == socket.AF_INET and candidate.type == socket.SOCK_DGRAM and candidate.getsockname()[1] == port
    except OSError:
        return False
