// Package standin is the world around an agent under test, on loopback: its
// model's API, whose answers are a script, and an internet that refuses.
//
// The model's API is spoken in four wire protocols, one file each: Anthropic
// Messages, OpenAI Chat Completions, OpenAI Responses and Gemini
// generateContent. Each reads a request into a Request and writes a Turn; what
// to answer is decided once, by Script.Next, from what the request shows that
// the model was told so far. So nothing is kept between requests, and a client
// that repeats one gets the same answer again.
//
// Only tests import it.
package standin
