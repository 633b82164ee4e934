"""Tiny pipelines with random weights, as folders that the model server loads like real ones."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLWan,
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxPriorReduxPipeline,
    FluxTransformer2DModel,
    ReduxImageEncoder,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    WanPipeline,
    WanTransformer3DModel,
    WanVACETransformer3DModel,
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    PreTrainedTokenizerFast,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
    SiglipVisionModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

torch.set_num_threads(1)  # these are too small for more, and other tests want the other cores

LENGTH = 77
WORDS = ("<pad>", "</s>", "<unk>", "a", "cat", "dog", "red", "on", "mat")


def make_tokenizer() -> Any:
    """Return a tokenizer that knows a few words."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=LENGTH,
    )


def make_clip(projected: bool = False) -> Any:
    config = CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=32, intermediate_size=37, num_attention_heads=4,
        num_hidden_layers=2, max_position_embeddings=LENGTH, projection_dim=32,
        bos_token_id=0, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def make_vae(channels: int = 4, **options: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[8, 16], in_channels=3, out_channels=3, norm_num_groups=4,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=channels, sample_size=32, **options,
    )  # fmt: skip


def make_unet(width: int = 32, **options: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, sample_size=16, in_channels=4,
        out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=width,
        attention_head_dim=4, norm_num_groups=4, **options,
    )  # fmt: skip


def save_sd(folder: Path, seed: int = 0) -> None:
    """Save a Stable Diffusion of 32 × 32 pixels; also good for image to image and inpainting."""
    torch.manual_seed(seed)
    StableDiffusionPipeline(
        vae=make_vae(),
        text_encoder=make_clip(),
        tokenizer=make_tokenizer(),
        unet=make_unet(),
        scheduler=DDIMScheduler(num_train_timesteps=100, clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(str(folder), safe_serialization=True)


def save_sdxl(folder: Path) -> None:
    torch.manual_seed(0)
    unet = make_unet(
        64, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1), projection_class_embeddings_input_dim=80,
        use_linear_projection=True,
    )  # fmt: skip
    StableDiffusionXLPipeline(
        vae=make_vae(),
        text_encoder=make_clip(),
        text_encoder_2=make_clip(projected=True),
        tokenizer=make_tokenizer(),
        tokenizer_2=make_tokenizer(),
        unet=unet,
        scheduler=EulerDiscreteScheduler(),
    ).save_pretrained(str(folder), safe_serialization=True)


def save_controlnet(folder: Path) -> None:
    """Save a ControlNet for `save_sd`'s."""
    torch.manual_seed(0)
    ControlNetModel(
        block_out_channels=(8, 16), layers_per_block=1, in_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=32,
        conditioning_embedding_out_channels=(8, 16), attention_head_dim=4, norm_num_groups=4,
    ).save_pretrained(str(folder), safe_serialization=True)  # fmt: skip


def save_flux(folder: Path, *, text: int = 32, pooled: int = 32) -> None:
    """Save a Flux; `text` and `pooled` are the widths of what it takes in place of a prompt."""
    torch.manual_seed(0)
    t5 = T5EncoderModel(
        T5Config(vocab_size=len(WORDS), d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    )
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=make_vae(4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06),
        text_encoder=make_clip(),
        tokenizer=make_tokenizer(),
        text_encoder_2=t5,
        tokenizer_2=make_tokenizer(),
        transformer=FluxTransformer2DModel(
            in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=text, pooled_projection_dim=pooled,
            axes_dims_rope=[4, 4, 8],
        ),
    ).save_pretrained(str(folder), safe_serialization=True)  # fmt: skip


def save_wan(folder: Path) -> None:
    """Save a film model, which makes 1 and a multiple of 4 frames."""
    torch.manual_seed(0)
    WanPipeline(
        tokenizer=make_tokenizer(),
        text_encoder=UMT5EncoderModel(
            UMT5Config(
                vocab_size=len(WORDS), d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4
            )
        ),
        vae=AutoencoderKLWan(
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16,
            out_channels=16, text_dim=32, freq_dim=256, ffn_dim=32, num_layers=1,
            cross_attn_norm=True, qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
        ),
    ).save_pretrained(str(folder), safe_serialization=True)  # fmt: skip


def save_redux(folder: Path) -> None:
    """Save a prior, which makes of a picture what a prompt is made into, and a Flux beside it."""
    save_flux(folder.with_name("wide-flux"), text=4096, pooled=768)
    torch.manual_seed(0)
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        image_size=16, patch_size=8,
    )  # fmt: skip
    FluxPriorReduxPipeline(
        image_encoder=SiglipVisionModel(vision),
        feature_extractor=SiglipImageProcessorPil(size={"height": 16, "width": 16}),
        image_embedder=ReduxImageEncoder(redux_dim=16, txt_in_features=4096),
    ).save_pretrained(str(folder), safe_serialization=True)


def save_ip_adapter(folder: Path) -> None:
    """Save an IP-Adapter for `save_sd`'s, with the encoder of its pictures."""
    torch.manual_seed(0)
    encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
            image_size=16, patch_size=8, projection_dim=32,
        )
    )  # fmt: skip
    encoder.save_pretrained(str(folder / "models" / "image_encoder"))
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * 32, 32),
        "image_proj.proj.bias": torch.zeros(4 * 32),
        "image_proj.norm.weight": torch.ones(32),
        "image_proj.norm.bias": torch.zeros(32),
    }
    attentions = [name for name in make_unet().attn_processors if "attn2" in name]
    for number in range(len(attentions)):
        for part in ("k", "v"):
            tensors[f"ip_adapter.{2 * number + 1}.to_{part}_ip.weight"] = torch.randn(16, 32)
    save_file(tensors, folder / "models" / "ip-adapter.safetensors")


def save_vace(folder: Path) -> None:
    """Save a model that makes a film after another one."""
    torch.manual_seed(0)
    save_wan(folder)
    transformer = WanVACETransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16,
        out_channels=16, text_dim=32, freq_dim=256, ffn_dim=32, num_layers=2, cross_attn_norm=True,
        qk_norm="rms_norm_across_heads", rope_max_seq_len=32, vace_layers=[0], vace_in_channels=96,
    )  # fmt: skip
    shutil.rmtree(folder / "transformer")
    transformer.save_pretrained(str(folder / "transformer"))
    index = json.loads((folder / "model_index.json").read_text())
    index |= {
        "_class_name": "WanVACEPipeline",
        "transformer": ["diffusers", "WanVACETransformer3DModel"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
