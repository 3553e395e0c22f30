#!/usr/bin/env python3
"""Makes a video that begins with a picture: image_to_video.py [PROMPT] [OUT.mp4] [IMAGE-URL] [LAST-IMAGE-URL]"""

import sys

import seedance

prompt = sys.argv[1] if len(sys.argv) > 1 else "the camera moves slowly around the statue"
path = sys.argv[2] if len(sys.argv) > 2 else "image_to_video.mp4"
images = sys.argv[3:5] or ["https://example.com/statue.png"]  # the service fetches them: public URLs

sys.exit(seedance.run({
    "model": "wan22-video-generation",
    "inputs": {
        "model": "seedance-20",
        "prompt": prompt,
        "resolution": "720x1280",
        "duration": "4s",
        "urls": images,
        "videoInputMode": "keyframe",  # one picture is the first frame, two are first and last
    },
}, path))
