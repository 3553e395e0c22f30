#!/usr/bin/env node
// Makes a video that begins with a picture: image_to_video.mjs [PROMPT] [OUT.mp4] [IMAGE-URL] [LAST-IMAGE-URL]

import { run } from "./seedance.mjs";

const [prompt = "the camera moves slowly around the statue", path = "image_to_video.mp4", ...images] = process.argv.slice(2);

await run({
  model: "wan22-video-generation",
  inputs: {
    model: "seedance-20",
    prompt,
    resolution: "720x1280",
    duration: "4s",
    urls: images.length > 0 ? images.slice(0, 2) : ["https://example.com/statue.png"], // the service fetches them: public URLs
    videoInputMode: "keyframe", // one picture is the first frame, two are first and last
  },
}, path);
