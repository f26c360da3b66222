"""Two networks against each other: detach, two optimizers, labels of real and fake."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(40)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        m.weight.data.copy_(torch.tensor(rng.normal(0.0, 0.4, m.weight.shape)))
        nn.init.constant_(m.bias.data, 0)


netG = nn.Sequential(nn.Linear(2, 10), nn.LeakyReLU(0.2, inplace=True), nn.Linear(10, 1))
netD = nn.Sequential(nn.Linear(1, 10), nn.LeakyReLU(0.2), nn.Linear(10, 1), nn.Sigmoid())
netG.apply(weights_init)
netD.apply(weights_init)

criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.01, betas=(0.5, 0.999))
real_label, fake_label = 1.0, 0.0
G_losses, D_losses, D_G_z = [], [], []

for i in range(30):
    real = torch.tensor(3 + 0.5 * rng.randn(16, 1))
    noise = torch.tensor(rng.randn(16, 2))

    # (1) Update D network: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    label = torch.full((16,), real_label, dtype=torch.float64)
    output = netD(real).view(-1)
    errD_real = criterion(output, label)
    errD_real.backward()
    fake = netG(noise)
    label.fill_(fake_label)
    output = netD(fake.detach()).view(-1)
    errD_fake = criterion(output, label)
    errD_fake.backward()
    errD = errD_real + errD_fake
    optimizerD.step()

    # (2) Update G network: maximize log(D(G(z)))
    netG.zero_grad()
    label.fill_(real_label)
    output = netD(fake).view(-1)
    errG = criterion(output, label)
    errG.backward()
    D_G_z.append(output.mean().item())
    optimizerG.step()

    G_losses.append(errG.item())
    D_losses.append(errD.item())

results = {
    "G": G_losses,
    "D": D_losses,
    "D(G(z))": D_G_z,
    "fake": fake.mean(),
    "netG": netG.state_dict(),
    "netD": netD.state_dict(),
    "repr": str(netG),
}
