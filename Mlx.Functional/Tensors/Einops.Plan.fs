namespace Mlx.Patterns

open System
open System.Collections.Concurrent
open Mlx
open Mlx.Core

/// What a pattern may do besides reordering: fold axes of the left, or add some on the right.
type internal Action =
    | Rearrange
    | Reduce
    | Repeat

    member action.Caller =
        match action with
        | Rearrange -> "rearrange"
        | Reduce -> "reduce"
        | Repeat -> "repeat"

/// A pattern made ready for tensors with so many axes. The axes of both sides are numbered: first
/// those of the left in order, then those that the right adds.
type internal Plan =
    {
        Action: Action
        Pattern: string
        Axes: Axis[]
        /// For each axis of the tensor, where it stands and what it splits into.
        Left: struct (Item * int[])[]
        /// The axes of the left that are not on the right.
        Folded: int[]
        /// Those that are, in the order of the right, numbered without the folded ones.
        Order: int[]
        /// The axes of the right, and for each whether the right adds it.
        Spread: struct (int * bool)[]
        /// For each axis of the result, what it is the product of.
        Right: int[][]
    }

module internal Plan =
    /// The plans in use; a program whose patterns are made as it runs must not keep all of them.
    let private known = ConcurrentDictionary<struct (Action * string * int), Plan>()

    let private mostKnown = 4096

    let private axesOf (items: Item list) =
        [ for item in items do
              yield! item.Axes ]

    /// What is on one side only must be what the action folds or adds.
    let private check (action: Action) pattern (sides: Sides) =
        let left, right = axesOf sides.Left, axesOf sides.Right
        let isOn side (axis: Axis) = side |> List.exists (fun other -> other.Atom = axis.Atom)
        let fail (axis: Axis) why = Pattern.fail action.Caller pattern axis.At why

        for axis in left do
            match axis.Atom with
            | Length n when n > 1 && action <> Reduce ->
                fail axis "on the left only reduce takes a length; name the axis"
            | Name _
            | Dots when action <> Reduce && not (isOn right axis) ->
                fail axis $"'{axis.Atom}' is not on the right; reduce folds axes"
            | _ -> ()

        for axis in right do
            match axis.Atom with
            | Length n when n > 1 && action <> Repeat ->
                fail axis "on the right only repeat takes a length"
            | Name _ when action <> Repeat && not (isOn left axis) ->
                fail axis $"'{axis.Atom}' is not on the left; repeat adds axes"
            | Dots when not (isOn left axis) -> fail axis "'...' is not on the left"
            | _ -> ()

    /// The items with an ellipsis written out; an axis of it is told from the others by its number.
    /// Axes of length 1 vanish: what they stand in is a shorter product.
    let private writeOut dots (items: Item list) =
        [ for item in items do
              let axes =
                  [ for axis in item.Axes do
                        match axis.Atom with
                        | Dots ->
                            for nth in 0 .. dots - 1 do
                                struct (axis, nth)
                        | Length 1 -> ()
                        | _ -> struct (axis, 0) ]

              if item.IsDots then
                  for axis in axes do
                      struct (item, [ axis ])
              else
                  struct (item, axes) ]

    let private shapeText (shape: int[]) = "(" + String.Join(", ", shape) + ")"

    let private make (action: Action) pattern (shape: int[]) : Plan =
        let sides = Pattern.parse action.Caller pattern
        check action pattern sides
        let hasDots = sides.Left |> List.exists _.IsDots
        let fixedCount = sides.Left |> List.filter (fun item -> not item.IsDots) |> List.length
        let dots = shape.Length - fixedCount

        if dots < 0 || (dots > 0 && not hasDots) then
            let wanted = if hasDots then $"at least {fixedCount}" else string fixedCount
            let got = $"the tensor {shapeText shape} has {shape.Length}"

            Pattern.fail action.Caller pattern 0 $"the left side has {wanted} axes, {got}"

        let left = writeOut dots sides.Left

        let axes =
            ResizeArray
                [ for struct (_, axes) in left do
                      yield! axes ]

        let leftCount = axes.Count

        let number struct (axis: Axis, nth) =
            let same struct (other: Axis, n) = other.Atom = axis.Atom && n = nth

            match axis.Atom, axes.FindIndex same with
            | Length _, _
            | _, -1 ->
                axes.Add struct (axis, nth)
                axes.Count - 1
            | _, i -> i

        let right =
            [| for struct (_, axes) in writeOut dots sides.Right -> Array.ofList axes |]
            |> Array.map (Array.map number)

        let result = Array.concat right
        let kept = result |> Array.filter (fun i -> i < leftCount)
        let folded = Array.except kept [| 0 .. leftCount - 1 |]
        let ascending = Array.sort kept
        let mutable at = 0

        let split =
            [| for struct (item, axes) in left do
                   let first = at
                   at <- at + axes.Length
                   struct (item, [| first .. at - 1 |]) |]

        { Action = action
          Pattern = pattern
          Axes = [| for struct (axis, _) in axes -> axis |]
          Left = split
          Folded = folded
          Order = kept |> Array.map (fun i -> Array.BinarySearch(ascending, i))
          Spread = result |> Array.map (fun i -> struct (i, i >= leftCount))
          Right = right }

    /// The plan of a pattern for a shape; a pattern is taken apart once for each number of axes.
    let find (action: Action) (pattern: string) (shape: int[]) : Plan =
        let key = struct (action, pattern, shape.Length)

        match known.TryGetValue key with
        | true, plan -> plan
        | _ ->
            if known.Count >= mostKnown then
                known.Clear()

            let plan = make action pattern shape
            known[key] <- plan
            plan

    /// What the caller says about lengths: -1 for the axes it leaves open.
    let private given (plan: Plan) (sizes: seq<string * int>) : int[] =
        let fail at why = Pattern.fail plan.Action.Caller plan.Pattern at why

        let lengths =
            [| for axis in plan.Axes ->
                   match axis.Atom with
                   | Length n -> n
                   | _ -> -1 |]

        for name, size in sizes do
            match plan.Axes |> Array.tryFindIndex (fun axis -> axis.Atom = Name name) with
            | None -> fail 0 $"a size is given for '{name}', which is not in the pattern"
            | Some i when size < 0 -> fail plan.Axes[i].At $"the size of '{name}' is {size}"
            | Some i when lengths[i] >= 0 ->
                fail plan.Axes[i].At $"the size of '{name}' is given twice"
            | Some i -> lengths[i] <- size

        lengths

    /// `h w = 2 * 3 = 6`, `h = 2`, or the length alone where no axis has a name.
    let private equation (plan: Plan) (lengths: int[]) (axes: int[]) (product: int64) =
        let names = axes |> Seq.map (fun i -> string plan.Axes[i].Atom) |> String.concat " "
        let values = axes |> Seq.map (fun i -> string lengths[i]) |> String.concat " * "

        match axes with
        | [||] -> "1"
        | [| _ |] when names = values -> values
        | [| _ |] -> $"{names} = {values}"
        | _ -> $"{names} = {values} = {product}"

    /// The length of every axis of the pattern.
    let private solve (plan: Plan) (sizes: seq<string * int>) (shape: int[]) : int[] =
        let lengths = given plan sizes

        for axis in 0 .. shape.Length - 1 do
            let struct (item, parts) = plan.Left[axis]
            let isOpen, isKnown = parts |> Array.partition (fun i -> lengths[i] < 0)
            let product = isKnown |> Array.fold (fun n i -> n * int64 lengths[i]) 1L
            let length = int64 shape[axis]

            let fail why =
                let where = $"axis {axis} of the tensor {shapeText shape} has length {length}"
                Pattern.fail plan.Action.Caller plan.Pattern item.Start $"{where}, {why}"

            match isOpen with
            | [||] when product <> length ->
                fail $"the pattern says {equation plan lengths isKnown product}"
            | [||] -> ()
            | [| i |] when product = 0L ->
                fail $"{equation plan lengths isKnown product} leaves '{plan.Axes[i].Atom}' open"
            | [| _ |] when length % product <> 0L ->
                fail $"which is no multiple of {equation plan lengths isKnown product}"
            | [| i |] -> lengths[i] <- int (length / product)
            | several ->
                let names = several |> Seq.map (fun i -> $"'{plan.Axes[i].Atom}'")
                let listed = String.Join(", ", names)
                fail $"and the sizes of {listed} in {item} are open: give all but one"

        for i in 0 .. lengths.Length - 1 do
            if lengths[i] < 0 then
                let axis = plan.Axes[i]

                Pattern.fail
                    plan.Action.Caller
                    plan.Pattern
                    axis.At
                    $"'{axis.Atom}' is new on the right: its size must be given"

        lengths

    let private isAscending (order: int[]) = order |> Array.forall2 (=) [| 0 .. order.Length - 1 |]

    /// Splits axes, folds, reorders, spreads over new axes and merges; what a pattern does not ask
    /// for costs nothing.
    let apply (plan: Plan) (fold: seq<int> -> Tensor -> Tensor) sizes (x: Tensor) : Tensor =
        let lengths = solve plan sizes (x.Shape.ToArray())
        let product parts = parts |> Array.fold (fun n i -> n * lengths[i]) 1
        use scope = Scope.Enter()

        // Always done, so that the answer is never the argument itself, which the caller may free.
        let split =
            x
            |> Tensor.reshape
                [| for struct (_, parts) in plan.Left do
                       for i in parts -> lengths[i] |]

        let folded = if plan.Folded.Length = 0 then split else fold plan.Folded split
        let ordered = if isAscending plan.Order then folded else Tensor.permute plan.Order folded

        let spread =
            if plan.Spread |> Array.exists (fun struct (_, isNew) -> isNew) then
                ordered
                |> Tensor.reshape
                    [| for struct (i, isNew) in plan.Spread -> if isNew then 1 else lengths[i] |]
                |> Tensor.broadcastTo [| for struct (i, _) in plan.Spread -> lengths[i] |]
            else
                ordered

        if plan.Right |> Array.forall (fun parts -> parts.Length = 1) then
            spread
        else
            spread |> Tensor.reshape (Array.map product plan.Right)
        |> scope.Keep
