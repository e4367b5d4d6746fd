/// Rows of activations and losses, at points where they have a slope.
module Mlx.Tests.Functional.ActivationLaws

open Mlx

/// Away from -3, -1, -0.5, 0, 0.5, 1, 3 and 6, where some activation bends.
let private points () =
    Tensor.ofRows [ [ -3.7; -2.2; -1.3; -0.7; -0.3; -0.1 ]; [ 0.2; 0.4; 0.8; 1.6; 2.7; 6.9 ] ]

let private activations =
    let row name f = NnRow.make ("Nn." + name) f points

    [ row "relu" Nn.relu
      row "relu6" Nn.relu6
      row "relu2" Nn.relu2
      row "leakyRelu" (Nn.leakyRelu 0.1)
      row "elu" (Nn.elu 0.7)
      row "selu" Nn.selu
      row "celu" (Nn.celu 0.7)
      row "sigmoid" Nn.sigmoid
      row "logSigmoid" Nn.logSigmoid
      row "softplus" Nn.softplus
      row "softsign" Nn.softsign
      row "softshrink" (Nn.softshrink 0.5)
      row "hardShrink" (Nn.hardShrink 0.5)
      row "silu" Nn.silu
      row "mish" Nn.mish
      row "hardswish" Nn.hardswish
      row "hardTanh" Nn.hardTanh
      row "tanh" Nn.tanh
      row "gelu" Nn.gelu
      row "geluApprox" Nn.geluApprox
      row "geluFastApprox" Nn.geluFastApprox
      row "softmax" (Nn.softmax 0)
      row "softmin" (Nn.softmin -1)
      row "logSoftmax" (Nn.logSoftmax -1)
      row "step" (Nn.step 0.0) |> NnRow.discrete "whole numbers come out"
      row "glu" (Nn.glu -1)
      NnRow.make "Nn.prelu" (fun (w, x) -> Nn.prelu w x) (fun () -> normal 1 [ 6 ], points ())
      NnRow.make "PRelu.apply" (fun (p, x) -> PRelu.apply p x) (fun () ->
          PRelu.init 6 |> drawn 1, points ())
      row "dropout" (fun x -> Nn.dropout 0.3 x |> drawn 5)
      NnRow.make "Nn.dropout2d" (fun x -> Nn.dropout2d 0.3 x |> drawn 5) (fun () ->
          normal 1 [ 2; 2; 3; 4 ])
      NnRow.make "Nn.dropout3d" (fun x -> Nn.dropout3d 0.3 x |> drawn 5) (fun () ->
          normal 1 [ 2; 2; 1; 2; 3 ]) ]

let private losses =
    let pair () = normal 1 [ 3; 4 ], normal 2 [ 3; 4 ]
    let between name f = NnRow.make ("Loss." + name) (fun (t, x) -> f t x) pair
    let classes () = Tensor.ofSeq [ 2; 0; 3 ], normal 2 [ 3; 4 ]
    let classified name f = NnRow.make ("Loss." + name) (fun (t, x) -> f t x) classes
    let three () = normal 1 [ 3; 4 ], normal 2 [ 3; 4 ], normal 3 [ 3; 4 ]
    let shares seed = Tensor.softmax -1 (normal seed [ 3; 4 ])
    let signs () = Tensor.ofSeq [ 1.0; -1.0; 1.0; -1.0 ]

    let gaussian name f =
        NnRow.make ("Loss." + name) (fun (t, v, x) -> f t v x) (fun () ->
            normal 1 [ 3; 4 ], NnRowWords.between 0.5 2.0 2 [ 3; 4 ], normal 3 [ 3; 4 ])

    [ classified "crossEntropy" Loss.crossEntropy
      NnRow.make
          "Loss.crossEntropySmoothed"
          (fun (t, x) -> Loss.crossEntropySmoothed 0.1 t x)
          (fun () -> shares 1, normal 2 [ 3; 4 ])
      NnRow.make "Loss.binaryCrossEntropy" (fun (t, x) -> Loss.binaryCrossEntropy t x) (fun () ->
          shares 1, normal 2 [ 3; 4 ])
      NnRow.make
          "Loss.binaryCrossEntropyOfProbabilities"
          (fun (t, x) -> Loss.binaryCrossEntropyOfProbabilities t x)
          (fun () -> shares 1, shares 2)
      classified "nll" Loss.nll
      gaussian "gaussianNll" Loss.gaussianNll
      gaussian "gaussianNllWith" (Loss.gaussianNllWith 1e-3 true)
      between "mse" Loss.mse
      between "l1" Loss.l1
      between "smoothL1" (Loss.smoothL1 0.7)
      between "huber" (Loss.huber 0.7)
      between "logCosh" Loss.logCosh
      between "klDiv" Loss.klDiv
      NnRow.make "Loss.hinge" (fun (t, x) -> Loss.hinge t x) (fun () -> signs (), normal 2 [ 3; 4 ])
      between "cosineSimilarity" (Loss.cosineSimilarity -1)
      between "cosineSimilarityEps" (Loss.cosineSimilarityEps 1e-4 0)
      NnRow.make "Loss.marginRanking" (fun (t, b, a) -> Loss.marginRanking 0.3 t b a) (fun () ->
          signs (), normal 2 [ 4 ], normal 3 [ 4 ])
      NnRow.make "Loss.triplet" (fun (p, n, a) -> Loss.triplet 1.0 p n a) three
      NnRow.make "Loss.tripletWith" (fun (p, n, a) -> Loss.tripletWith 4 1e-3 0 1.0 p n a) three ]

let rows = activations @ losses
