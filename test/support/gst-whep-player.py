#!/usr/bin/python3
"""A WHEP player on GStreamer's webrtcbin. Speaks JSON lines with the test: it writes its offer, reads the answer,
and then reports every decoded picture it has counted, once a second.

Usage: gst-whep-player.py [CAPS...], the RTP caps of what it wants to receive.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402


def say(message):
    print(json.dumps(message), flush=True)


class Player:
    def __init__(self, caps):
        self.frames = 0
        self.size = [0, 0]
        self.pipeline = Gst.Pipeline.new("player")
        self.webrtc = Gst.ElementFactory.make("webrtcbin", "webrtc")
        self.webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.webrtc)
        for text in caps:
            self.webrtc.emit(
                "add-transceiver",
                GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                Gst.Caps.from_string(text),
            )
        self.webrtc.connect("notify::ice-gathering-state", self.on_gathering)
        self.webrtc.connect("pad-added", self.on_pad)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)
        self.pipeline.set_state(Gst.State.PLAYING)
        promise = Gst.Promise.new_with_change_func(self.on_offer, None)
        self.webrtc.emit("create-offer", None, promise)

    def on_offer(self, promise, _data):
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.webrtc.emit("set-local-description", offer, None)

    def on_gathering(self, webrtc, _spec):
        state = webrtc.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            say({"offer": webrtc.get_property("local-description").sdp.as_text()})

    def answer(self, text):
        _, message = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.webrtc.emit("set-remote-description", answer, None)

    def on_pad(self, _webrtc, pad):
        caps = pad.get_current_caps() or pad.query_caps(None)
        media = caps.get_structure(0).get_string("media")
        # Nothing is shown: decoded pictures are counted and thrown away.
        if media == "video":
            branch = "rtph264depay ! h264parse ! avdec_h264 name=decoder ! fakesink sync=false"
        else:
            branch = "fakesink sync=false"
        sink = Gst.parse_bin_from_description(branch, True)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        decoder = sink.get_by_name("decoder")
        if decoder is not None:
            decoder.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.on_picture)

    def on_picture(self, pad, _info):
        structure = pad.get_current_caps().get_structure(0)
        self.size = [structure.get_value("width"), structure.get_value("height")]
        self.frames += 1
        return Gst.PadProbeReturn.OK

    def on_error(self, _bus, message):
        say({"error": message.parse_error()[0].message})

    def report(self):
        say({"frames": self.frames, "size": self.size})
        return True


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    player = Player(sys.argv[1:])

    def read():
        for line in sys.stdin:
            GLib.idle_add(player.answer, json.loads(line)["answer"])
        # The test is over when it closes our input.
        GLib.idle_add(loop.quit)

    threading.Thread(target=read, daemon=True).start()
    GLib.timeout_add(200, player.report)
    loop.run()
    player.pipeline.set_state(Gst.State.NULL)


main()
