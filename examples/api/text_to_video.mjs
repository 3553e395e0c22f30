#!/usr/bin/env node
// Makes a video from text: text_to_video.mjs [PROMPT] [OUT.mp4]

import { run } from "./seedance.mjs";

const [prompt = "a red fox running through fresh snow", path = "text_to_video.mp4"] = process.argv.slice(2);

await run({
  model: "wan22-video-generation", // the workflow, always this one
  inputs: {
    model: "seedance-20", // the model proper
    prompt,
    resolution: "1280x720",
    duration: "5s",
  },
}, path);
