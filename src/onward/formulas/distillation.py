"""Knowledge distillation: one network's answers as soft targets for another."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def distillation(student: Tensor, teacher: Tensor, temperature: float, weights: Tensor | None = None) -> Tensor:
    """Return ``T^2 KL(softmax(teacher / T) || softmax(student / T))``, mean over the batch.

    The gradient by the student's logits is ``T (softmax(s/T) - softmax(t/T)) / b``; the factor T^2 keeps its size
    beside a cross-entropy as T grows (Hinton, Vinyals & Dean 2015, section 2).

    Args:
        student: (b, c) logits.
        teacher: (b, c) logits, without gradient.
        temperature: T > 0.
        weights: (b,) of each example, or None for 1 each; the mean is over b, not over their sum.
    """
    exact = torch.promote_types(student.dtype, torch.float32)  # bfloat16 would lose the small differences
    log_student = F.log_softmax(student.to(exact) / temperature, dim=1)
    log_teacher = F.log_softmax(teacher.to(exact) / temperature, dim=1)
    each = F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(dim=1)
    if weights is not None:
        each = each * weights
    return temperature**2 * each.mean()
