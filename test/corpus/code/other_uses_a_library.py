"""Loads somebody else's model: its code is not here."""
from transformers import AutoModelForCausalLM, AutoTokenizer


def load(name="gpt2"):
    tokenizer = AutoTokenizer.from_pretrained(name)
    model = AutoModelForCausalLM.from_pretrained(name, attn_implementation="sdpa")
    return tokenizer, model


def complete(prompt, name="gpt2", max_new_tokens=20):
    tokenizer, model = load(name)
    inputs = tokenizer(prompt, return_tensors="pt")
    out = model.generate(**inputs, max_new_tokens=max_new_tokens, attention_mask=inputs["attention_mask"])
    return tokenizer.decode(out[0])
