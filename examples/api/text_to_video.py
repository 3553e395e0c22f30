#!/usr/bin/env python3
"""Makes a video from text: text_to_video.py [PROMPT] [OUT.mp4]"""

import sys

import seedance

prompt = sys.argv[1] if len(sys.argv) > 1 else "a red fox running through fresh snow"
path = sys.argv[2] if len(sys.argv) > 2 else "text_to_video.mp4"

sys.exit(seedance.run({
    "model": "wan22-video-generation",  # the workflow, always this one
    "inputs": {
        "model": "seedance-20",  # the model proper
        "prompt": prompt,
        "resolution": "1280x720",
        "duration": "5s",
    },
}, path))
