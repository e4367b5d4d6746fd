namespace Mlx.Tests.Laws

open System
open Mlx.Core
open Mlx.Tests.Support

type Role =
    /// Takes the row's dtype and varies when the op is differentiated.
    | Value
    /// Takes the row's dtype and is a constant to derivatives.
    | Constant
    /// Indices, masks, keys.
    | Fixed of DType

type Input = { Role: Role; Shape: int list; Domain: Domain }

/// What vjp and jvp must do.
type Derivative =
    /// Both agree with finite differences.
    | Smooth
    /// Both answer zeros: the results are whole numbers or truths.
    | Discrete
    /// Both refuse, with the op's name.
    | Refused
    /// vjp agrees with finite differences, jvp refuses.
    | ReverseOnly

/// How the adjoint of a complex map is taken: MLX conjugates it in products, elsewhere it does not.
type Adjoint =
    | Hermitian
    | Transposed
    /// The map is not holomorphic (or its derivative not tested): why.
    | Untested of reason: string

/// One op as the laws see it. A function of many parameters has several rows, told apart by labels.
type Row =
    {
        /// The C name without `mlx_`.
        Function: string
        Label: string
        Inputs: Input list
        /// The C arguments (without results and stream), given the inputs.
        Arguments: MlxArray[] -> objnull list
        /// What is judged, made of the results: where these are one right answer of several.
        After: MlxArray[] -> MlxArray[]
        /// What is accepted; every other dtype must be refused.
        Dtypes: DType list
        /// Accepted too, and the subject of another row of this function.
        Elsewhere: DType list
        /// The dtype of the results.
        Result: DType -> DType
        /// The results in double precision.
        Reference: (Nd list -> Nd list) option
        /// Dtypes of which the reference says nothing.
        Unreferred: DType list
        Derivative: Derivative
        Adjoint: Adjoint
        /// Allowed error, in units of the dtype's epsilon.
        Ulps: float
        /// The row with lines of a given length.
        AtLength: (int -> Row) list
        /// Calls that must be refused.
        Bad: (string * (MlxArray[] -> objnull list)) list
        /// Why it cannot be vectorised, if so.
        Unmapped: string option
    }

    member r.Name = if r.Label = "" then r.Function else $"{r.Function} {r.Label}"

[<RequireQualifiedAccess>]
module Row =
    let call name (arguments: objnull list) = Invoke.Call("mlx_" + name, List.toArray arguments)

    /// The row as a function of its inputs.
    let apply row (inputs: MlxArray[]) = row.Arguments inputs |> call row.Function |> row.After

    let roleDtype dtype role =
        match role with
        | Value
        | Constant -> dtype
        | Fixed dtype -> dtype

    let dtypes row dtype = row.Inputs |> List.map (fun i -> roleDtype dtype i.Role)

    /// The error allowed to results, relative to them or to one.
    let tolerance row dtype =
        row.Ulps * max (Values.epsilon dtype) (Values.epsilon (row.Result dtype))

    /// The error allowed between two ways to the same derivative.
    let closeness row dtype = max 1e-10 (8.0 * tolerance row dtype)

    /// Values for the inputs, in double precision as the dtype holds them.
    let draw row dtype (rng: Random) =
        row.Inputs
        |> List.map (fun i ->
            let dtype = roleDtype dtype i.Role
            let drawn = Domain.draw rng i.Domain (List.toArray i.Shape) (dtype = DType.Complex64)
            use rounded = Values.toArray dtype drawn
            Values.ofArray rounded)

    let arrays row dtype values = List.map2 Values.toArray (dtypes row dtype) values |> List.toArray

    let positions role row =
        row.Inputs |> List.indexed |> List.filter (fun (_, i) -> i.Role = role) |> List.map fst

/// The vocabulary of the table.
[<AutoOpen>]
module RowWords =
    let value shape domain = { Role = Value; Shape = shape; Domain = domain }

    let constant shape domain = { Role = Constant; Shape = shape; Domain = domain }

    let fixedTo dtype shape domain = { Role = Fixed dtype; Shape = shape; Domain = domain }

    let indices shape length = fixedTo DType.Int32 shape (Domain.Index length)

    let op name inputs arguments =
        { Function = name
          Label = ""
          Inputs = inputs
          Arguments = arguments
          After = id
          Dtypes = Values.all
          Elsewhere = []
          Result = id
          Reference = None
          Unreferred = []
          Derivative = Smooth
          Adjoint = Hermitian
          Ulps = 4.0
          AtLength = []
          Bad = []
          Unmapped = None }

    let label text row = { row with Label = text }

    let over dtypes row = { row with Dtypes = dtypes }

    /// Another row speaks of these dtypes.
    let elsewhere dtypes row =
        { row with Dtypes = row.Dtypes |> List.except dtypes; Elsewhere = dtypes }

    let gives result row = { row with Result = result }

    let refer f row = { row with Reference = Some f }

    /// The reference speaks of real numbers only.
    let referReal f row = { row with Reference = Some f; Unreferred = [ DType.Complex64 ] }

    /// The reference says nothing about these dtypes.
    let except dtypes row = { row with Unreferred = row.Unreferred @ dtypes }

    let after make row = { row with After = make }

    let discrete row = { row with Derivative = Discrete }

    let noDerivative row = { row with Derivative = Refused }

    let reverseOnly row = { row with Derivative = ReverseOnly }

    /// MLX's adjoint of a composition is of neither kind.
    let mixed = Untested "products conjugate, other functions do not"

    let ordered = Untested "complex numbers have no order"

    let adjoint kind row = { row with Adjoint = kind }

    let ulps n row = { row with Ulps = n }

    let atLengths rows row = { row with AtLength = rows }

    /// The same change to the row and to its forms at any length.
    let everywhere change row =
        { change row with AtLength = row.AtLength |> List.map (fun at -> at >> change) }

    let refuses what arguments row = { row with Bad = row.Bad @ [ what, arguments ] }

    let unmapped reason row = { row with Unmapped = Some reason }

    let toFloat (d: DType) = if d.IsInexact() then d else DType.Float32

    let boolean (_: DType) = DType.Bool
