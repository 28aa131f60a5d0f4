"""The mixed job of lm_speed.py on OpenVINO GenAI's continuous batching, without adapters: it cannot mix them in a batch.

    pip install openvino-genai==2026.4.1.0
    python bench/peers/lm_openvino.py MODEL-f16.gguf --rows 64

Each segment's beginning is read first, so that its blocks are in the prefix cache when the rows come. Prints JSON.
"""
import argparse
import json
import time

import numpy as np
import openvino as ov
import openvino_genai as genai


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="GGUF file in f16 or Q8_0")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--segments", type=int, default=5)
    parser.add_argument("--prefix", type=int, default=600)
    parser.add_argument("--own", type=int, default=60)
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache-gib", type=int, default=6)
    parser.add_argument("--properties", type=json.loads, default={}, help='properties of the device, such as {"KV_CACHE_PRECISION": "bf16"}')
    arguments = parser.parse_args()
    scheduler = genai.SchedulerConfig()
    scheduler.cache_size, scheduler.enable_prefix_caching = arguments.cache_gib, True
    scheduler.max_num_batched_tokens, scheduler.max_num_seqs = 2048, arguments.rows
    properties = {"INFERENCE_NUM_THREADS": arguments.threads, **arguments.properties}
    pipeline = genai.ContinuousBatchingPipeline(arguments.model, scheduler, "CPU", properties, {})
    draw, asked = np.random.default_rng(3), 0

    def ask(ids, new):
        nonlocal asked
        how = genai.GenerationConfig()
        how.max_new_tokens = how.min_new_tokens = new
        how.ignore_eos, how.do_sample = True, False
        asked += 1
        return pipeline.add_request(asked, ov.Tensor(ids[None].astype(np.int64)), how)

    def work(handles):
        """Takes steps until the requests of some handles are done; one whose handle is dropped would be cancelled."""
        while pipeline.has_non_finished_requests():
            pipeline.step()
        return [handle.read_all()[0].generated_ids for handle in handles]

    tokens = lambda count: draw.integers(3, 150_000, count)
    work([ask(tokens(64), 4)])
    prefixes = [tokens(arguments.prefix) for _ in range(arguments.segments)]
    rows = [np.concatenate([prefixes[at % arguments.segments], tokens(arguments.own)]) for at in range(arguments.rows)]
    start = time.perf_counter()
    work([ask(prefix, 1) for prefix in prefixes])
    read_s = time.perf_counter() - start
    written = work([ask(row, arguments.new) for row in rows])
    seconds = time.perf_counter() - start
    written = sum(map(len, written))
    assert written == arguments.rows * arguments.new, f"{written} tokens were written"
    print(json.dumps({"seconds": seconds, "prefix_seconds": read_s, "new_tokens": written, "openvino": ov.__version__}))


if __name__ == "__main__":
    main()
