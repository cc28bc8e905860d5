import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { stage } from "./pages.mjs";

const { PictureError, addressOf, load, pngSize, upload } = await stage("pictures.mjs");

/** The first bytes of a PNG of a size; nothing else of it is needed here. */
function png(width, height) {
  const bytes = new Uint8Array(40);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return bytes;
}

/** The webui gives `answers[query]`: bytes, or [status, body]; the browser decodes PNG heads. */
function webui(answers) {
  const asked = [];
  globalThis.fetch = async (address) => {
    const { search } = new URL(address);
    asked.push(search);
    const [status, body] = answers[search] instanceof Uint8Array ? [200, answers[search]] : answers[search];
    return new Response(body, { status });
  };
  globalThis.createImageBitmap = async (blob) => {
    const size = pngSize(new Uint8Array(await blob.arrayBuffer()));
    if (!size) throw new Error("cannot decode");
    return { ...size, close: mock.fn() };
  };
  return asked;
}

const real = { fetch: globalThis.fetch };
afterEach(() => (globalThis.fetch = real.fetch));

test("the size in the head of a PNG", () => {
  assert.deepEqual(pngSize(png(16384, 9000)), { width: 16384, height: 9000 });
  assert.equal(pngSize(new Uint8Array(24)), null);
  assert.equal(pngSize(png(5, 5).subarray(0, 20)), null);
  const shifted = new Uint8Array(50);
  shifted.set(png(7, 3), 10);
  assert.deepEqual(pngSize(shifted.subarray(10)), { width: 7, height: 3 });
});

test("addresses are below the webui's own path, and ids cannot leave it", () => {
  assert.ok(addressOf("a-b_1").href.endsWith("/v1/core/pictures/a-b_1"));
  assert.equal(addressOf("x", 4096).search, "?longest=4096");
  for (const id of ["../x", "a/b", "", ".."]) assert.throws(() => addressOf(id), PictureError);
});

test("a picture that fits is loaded whole, once", async () => {
  const asked = webui({ "": png(8192, 10) });
  const { width, height, reduced } = await load("a");
  assert.deepEqual([width, height, reduced, asked], [8192, 10, false, [""]]);
});

test("a longer one comes reduced but keeps its own size", async () => {
  const asked = webui({ "": png(8193, 4000), "?longest=4096": png(4096, 2000) });
  const { width, height, reduced, bitmap } = await load("a");
  assert.deepEqual([width, height, reduced, bitmap.width], [8193, 4000, true, 4096]);
  assert.deepEqual(asked, ["", "?longest=4096"]);
});

test("what the browser cannot read, the webui may turn into a PNG", async () => {
  webui({ "": new TextEncoder().encode("II*\0 a tiff"), "?longest=4096": png(30, 20) });
  const { width, height, reduced } = await load("a");
  assert.deepEqual([width, height, reduced], [30, 20, true]);
});

test("each fault is one sentence", async () => {
  const fault = async (answers) => {
    webui(answers);
    return load("a").then(
      () => assert.fail("no error"),
      (error) => [error instanceof PictureError, error.message, error.values.status],
    );
  };
  const broken = new Uint8Array(100);
  assert.deepEqual(await fault({ "": [404, "{}"] }), [
    true,
    "This picture is no longer there. Make it once more.",
    404,
  ]);
  assert.deepEqual(await fault({ "": [400, '{"error": "Too much."}'] }), [true, "Too much.", undefined]);
  assert.deepEqual(await fault({ "": [500, "oops"] }), [
    true,
    "The webui could not give the picture (error {status}).",
    500,
  ]);
  assert.deepEqual(await fault({ "": broken, "?longest=4096": broken }), [
    true,
    "The picture is broken and cannot be shown.",
    undefined,
  ]);
  globalThis.fetch = () => Promise.reject(new TypeError("no network"));
  await assert.rejects(load("a"), /does not answer/);
});

test("bytes go up as they are", async () => {
  globalThis.fetch = mock.fn(async () => Response.json({ id: "n", width: 1, height: 2 }));
  assert.deepEqual(await upload(png(1, 2)), { id: "n", width: 1, height: 2 });
  const [, how] = globalThis.fetch.mock.calls[0].arguments;
  assert.deepEqual([how.method, how.body], ["POST", png(1, 2)]);
});
