"""A foreign RTSP server for tests: GStreamer's gst-rtsp-server, told by one JSON argument what to serve.

Prints one JSON line {"port": N} once it listens, and ends when its standard input is closed, so that it never
outlives the test that started it.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

AUDIO = {
    "aac": "audioconvert ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! rtpmp4gpay pt=97",
    "opus": "audioconvert ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=97",
    "pcmu": "audioconvert ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay pt=0",
    "pcma": "audioconvert ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay pt=8",
}
LOWER_TRANSPORTS = {
    "any": GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP,
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
}


def video_branch(mount):
    raw = (
        "videotestsrc is-live=true pattern={pattern} ! "
        "video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 ! "
    ).format(**mount)
    if mount["video"] == "h265":
        return raw + "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} ! rtph265pay pt=96 mtu={mtu}".format(**mount)
    if mount["video"] == "jpeg":
        return raw + "jpegenc ! rtpjpegpay"
    # The avc stream format keeps the parameter sets out of the stream: they are in the SDP, and in band
    # only where config-interval says so.
    interval = {"sdp": 0, "both": -1}[mount["parameterSets"]]
    # x264's fastest preset uses nothing beyond Baseline and says so in the SPS, whatever profile was asked for.
    preset = "ultrafast" if mount["profile"] == "constrained-baseline" else "superfast"
    return raw + (
        "x264enc tune=zerolatency speed-preset={preset} key-int-max={gop} bitrate={kbps} ! "
        "video/x-h264,profile={profile},stream-format=avc ! rtph264pay pt=96 mtu={mtu} config-interval={interval}{feedback_caps}"
    ).format(
        interval=interval,
        preset=preset,
        # What the description then says of the feedback it takes.
        feedback_caps=" ! capsfilter caps=application/x-rtp,rtcp-fb-nack-pli=true" if mount["feedback"] else "",
        **mount,
    )


def launch_line(mount):
    branches = []
    if mount["video"] != "none":
        branches.append(video_branch(mount))
    if mount["audio"] != "none":
        branches.append("audiotestsrc is-live=true ! " + AUDIO[mount["audio"]])
    return "( " + " ".join("{} name=pay{}".format(text, index) for index, text in enumerate(branches)) + " )"


def main():
    options = json.loads(sys.argv[1])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options["port"]))
    if options["auth"] != "none":
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        if options["auth"] == "basic":
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options["username"], options["password"]), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(options["username"], options["password"], token)
        server.set_auth(auth)
    mounts = server.get_mount_points()
    for path, mount in options["mounts"].items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch_line(mount))
        factory.set_shared(True)
        factory.set_latency(0)
        if mount["feedback"]:
            factory.set_profiles(GstRtsp.RTSPProfile.AVPF)
        factory.set_protocols(LOWER_TRANSPORTS[mount["transport"]])
        if options["auth"] != "none":
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("user", "media.factory.access", True)
            permissions.add_permission_for_role("user", "media.factory.construct", True)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)
    if server.attach(None) == 0:
        sys.exit("cannot listen on 127.0.0.1:{}".format(options["port"]))
    loop = GLib.MainLoop()

    def until_input_ends():
        sys.stdin.buffer.read()
        GLib.idle_add(loop.quit)

    threading.Thread(target=until_input_ends, daemon=True).start()
    print(json.dumps({"port": server.get_bound_port()}), flush=True)
    loop.run()


main()
