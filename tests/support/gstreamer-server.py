"""GStreamer's RTSP server, once for each way in which a camera may be asked, each on a port of its own.

Argument: {"user", "password", "pem": certificate and key, "mpeg4": a Matroska file or null}, JSON. Says {"ports": {name:
port}, "version"} on stdout; answers each line of stdin with {"sessions": that stand, "tornDown": by TEARDOWN so far};
serves until stdin ends.
"""
import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
asked = json.loads(sys.argv[1])

SOURCE = "videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width={},height={},framerate=15/1"
STREAMS = {
    "/h264": SOURCE.format(320, 240)
    + " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96",
    "/h265": SOURCE.format(352, 288)
    + " ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h265parse ! rtph265pay name=pay0 pt=97",
    "/mjpeg": SOURCE.format(368, 272) + " ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}
# Debian's encoder of MPEG-4 is one package more; a file does as well.
if asked["mpeg4"] is not None:
    STREAMS["/mpeg4"] = 'filesrc location="{}" ! matroskademux ! mpeg4videoparse ! rtpmp4vpay name=pay0 pt=98'.format(
        asked["mpeg4"]
    )

torn_down = 0


def on_teardown(*_):
    global torn_down
    torn_down += 1


def serve(address="127.0.0.1", login=None, tls=False, protocols=None):
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service("0")
    server.connect("client-connected", lambda _, client: client.connect("teardown-request", on_teardown))
    for path, launch in STREAMS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch + " )")
        if protocols is not None:
            factory.set_protocols(protocols)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role("viewer")
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", permission, True)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if login == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(asked["user"], asked["password"], token)
    elif login == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(asked["user"], asked["password"]), token)
    else:
        auth.set_default_token(token)
    if tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_pem(asked["pem"], -1))
    server.set_auth(auth)
    server.attach(None)
    return server


servers = {
    "open": serve(),
    "guarded": serve(login="digest"),
    "udpOnly": serve(protocols=GstRtsp.RTSPLowerTrans.UDP),
    "tcpOnly": serve(protocols=GstRtsp.RTSPLowerTrans.TCP),
    "tls": serve(tls=True),
    "tlsDigest": serve(tls=True, login="digest"),
    "tlsBasic": serve(tls=True, login="basic"),
    "ipv6": serve(address="::1"),
}
ports = {name: server.get_bound_port() for name, server in servers.items()}
print(json.dumps({"ports": ports, "version": Gst.version_string().split()[-1]}), flush=True)
loop = GLib.MainLoop()


def until_stdin_ends():
    for _ in sys.stdin:
        sessions = sum(server.get_session_pool().get_n_sessions() for server in servers.values())
        print(json.dumps({"sessions": sessions, "tornDown": torn_down}), flush=True)
    loop.quit()


threading.Thread(target=until_stdin_ends, daemon=True).start()
loop.run()
