"""Functions with several inputs and outputs, options, and gradients computed only where needed."""

import numpy as np
import torch
from torch.autograd import Function

torch.set_default_dtype(torch.float64)


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight)
        ctx.has_bias = bias is not None
        output = input.mm(weight.t())
        if bias is not None:
            output = output + bias
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        needed.append(tuple(ctx.needs_input_grad))
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if ctx.has_bias and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class Polar(Function):
    @staticmethod
    def forward(ctx, x, y):
        r = torch.sqrt(x * x + y * y)
        angle = torch.atan2(y, x)
        ctx.save_for_backward(x, y, r)
        return r, angle

    @staticmethod
    def backward(ctx, grad_r, grad_angle):
        x, y, r = ctx.saved_tensors
        return (
            grad_r * x / r - grad_angle * y / r**2,
            grad_r * y / r + grad_angle * x / r**2,
        )


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return ctx.factor * grad, None


needed = []
rng = np.random.RandomState(13)
x = torch.tensor(rng.randn(10, 2))
target = torch.tensor(rng.randn(10))
weight = torch.tensor(rng.randn(2, 2), requires_grad=True)
bias = torch.zeros(2, requires_grad=True)

losses = []
for _ in range(10):
    h = LinearFunction.apply(x, weight, bias)
    r, angle = Polar.apply(h[:, 0], h[:, 1])
    loss = ((Scaled.apply(r, 0.5) + torch.sin(angle) - target) ** 2).mean()
    weight.grad = bias.grad = None
    loss.backward()
    losses.append(loss.item())
    with torch.no_grad():
        weight -= 0.1 * weight.grad
        bias -= 0.1 * bias.grad

without = LinearFunction.apply(x, weight)
without.sum().backward()
results = {
    "losses": losses,
    "weight": weight,
    "bias": bias,
    "gradient": weight.grad,
    "needed": needed[0],
    "needed without bias": needed[-1],
}
