"""GStreamer's RTSP server: /h264 and /h265 to everybody on one port, and with a digest login on another.

Says {"open": port, "guarded": port} on stdout and serves until stdin ends. Arguments: user, password.
"""
import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)

SOURCE = "videotestsrc is-live=true pattern={} ! video/x-raw,format=I420,width={},height={},framerate=15/1"
STREAMS = {
    "/h264": SOURCE.format("smpte", 320, 240)
    + " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96",
    "/h265": SOURCE.format("smpte", 352, 288)
    + " ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h265parse ! rtph265pay name=pay0 pt=97",
}


def serve(login):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for path, launch in STREAMS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch + " )")
        if login is not None:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_role("viewer")
            for permission in ("media.factory.access", "media.factory.construct"):
                permissions.add_permission_for_role("viewer", permission, True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    if login is not None:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(login[0], login[1], token)
        server.set_auth(auth)
    server.attach(None)
    return server


servers = {"open": serve(None), "guarded": serve(sys.argv[1:3])}
print(json.dumps({name: server.get_bound_port() for name, server in servers.items()}), flush=True)
loop = GLib.MainLoop()


def until_stdin_ends():
    sys.stdin.read()
    loop.quit()


threading.Thread(target=until_stdin_ends, daemon=True).start()
loop.run()
