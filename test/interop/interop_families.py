"""The tiny models of check-interop: one of each family, in the shape that llama.cpp computes too.

llama.cpp fixes some things that config.json may choose: Gemma 3's pattern of layers and local RoPE, Gemma's attention
scale, SmolLM3's interval, no windows in Llama, Qwen and Phi. Of models that choose otherwise llama.cpp would compute
something else. `gguf` says what the export must do: "refused", or "window": give the file only as many positions as
the window has, within which both compute the same.
"""

SIZES = dict(
    vocab_size=320, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, pad_token_id=0, bos_token_id=1,
    eos_token_id=2, tie_word_embeddings=False,
)
PLAIN = dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0))
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)
LONGROPE = dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
                short_factor=[1.0, 1.1, 1.25, 1.5, 1.9, 2.2], long_factor=[1.3, 1.9, 2.8, 4.1, 6.5, 9.7])
GEMMA = dict(head_dim=32, query_pre_attn_scalar=32, sliding_window=6, tie_word_embeddings=True)

# llama.cpp takes the long factors where its context, here 256, is longer than the original one, whatever the text.
FAMILIES = {
    "llama": dict(family="Llama", config=PLAIN),
    "llama-tied": dict(family="Llama", config=dict(**PLAIN, tie_word_embeddings=True)),
    "llama3": dict(family="Llama", config=dict(rope_parameters=LLAMA3)),
    "llama-linear": dict(family="Llama",
                         config=dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.5))),
    "llama-yarn": dict(family="Llama", config=dict(rope_parameters=YARN)),
    "llama-biases": dict(family="Llama", config=dict(**PLAIN, attention_bias=True, mlp_bias=True)),
    "smollm3": dict(family="SmolLM3", config=dict(**PLAIN, num_hidden_layers=4, tie_word_embeddings=True)),
    "mistral": dict(family="Mistral", config=dict(**PLAIN, sliding_window=None, head_dim=32)),
    "mistral-window": dict(family="Mistral", config=dict(**PLAIN, sliding_window=6), gguf="window"),
    "qwen2": dict(family="Qwen2", config=dict(**PLAIN, tie_word_embeddings=True)),
    "qwen2-window": dict(family="Qwen2", gguf="window",
                         config=dict(**PLAIN, use_sliding_window=True, sliding_window=6, max_window_layers=1)),
    "qwen3": dict(family="Qwen3", config=dict(**PLAIN, head_dim=32)),
    "gemma2": dict(family="Gemma2",
                   config=dict(GEMMA, **PLAIN, attn_logit_softcapping=5.0, final_logit_softcapping=8.0)),
    "gemma3": dict(family="Gemma3Text",
                   config=dict(GEMMA, num_hidden_layers=6,
                               rope_parameters=dict(
                                   full_attention=dict(rope_type="linear", rope_theta=1e6, factor=2.5),
                                   sliding_attention=dict(rope_type="default", rope_theta=10000.0)))),
    "phi3": dict(family="Phi3", config=dict(**PLAIN, original_max_position_embeddings=256)),
    "phi3-window": dict(family="Phi3", gguf="window",
                        config=dict(**PLAIN, sliding_window=6, original_max_position_embeddings=256)),
    "phi3-longrope": dict(family="Phi3",
                          config=dict(rope_parameters=LONGROPE, max_position_embeddings=1024,
                                      original_max_position_embeddings=512, tie_word_embeddings=True)),
}
