namespace Mlx

open System

/// <summary>
/// A number that changes with the step: an int tensor without axes, counting from 0, to a float32
/// tensor. Being ops, it becomes part of a fused step, which therefore is traced once. A plain
/// <c>float</c> serves where a schedule is wanted.
/// </summary>
[<Sealed>]
type Schedule(at: Tensor -> Tensor) =
    /// <summary>The value at a step: both scalars, the value float32.</summary>
    /// <example><code>
    /// (Schedule.linear 0.0 1.0 10).At(Tensor.scalar 5)
    /// // => array(0.5, dtype=float32)
    /// </code></example>
    member _.At(step: Tensor) : Tensor = at step

    /// <summary>The same number at every step.</summary>
    /// <example><code>
    /// // Optim.sgd 0.5 is Optim.sgd (Schedule.op_Implicit 0.5): any method takes a float so.
    /// Schedule.op_Implicit 0.5 |> Schedule.at 1_000
    /// // => 0.5
    /// </code></example>
    static member op_Implicit(value: float) : Schedule = Schedule(fun _ -> Tensor.scalar value)

/// <summary>Schedules by the formulas of <c>mlx.optimizers</c>.</summary>
[<RequireQualifiedAccess>]
module Schedule =
    let private float32s (step: Tensor) = Tensor.astype DType.Float32 step

    /// Steps never count beyond an end.
    let private until (steps: int) (step: Tensor) =
        Tensor.minimum (Tensor.scalar steps |> Tensor.astype step.DType) step

    /// <summary>The value at a step, read at once.</summary>
    /// <example><code>
    /// Schedule.warmupCosine 100 1_000 1e-3 |> Schedule.at 50
    /// // => 0.0005
    /// </code></example>
    let at (step: int) (schedule: Schedule) : float =
        schedule.At(Tensor.scalar step) |> Tensor.toFloat

    /// <summary>The same number at every step.</summary>
    /// <example><code>
    /// Schedule.constant 0.1 |> Schedule.at 1_000
    /// // => 0.1
    /// </code></example>
    let constant (value: float) : Schedule = Schedule.op_Implicit value

    /// <summary>From <c>init</c> to <c>final</c> by a line over so many steps, then constant
    /// (<c>mlx.optimizers.linear_schedule</c>).</summary>
    /// <exception cref="T:System.ArgumentException">There is no step.</exception>
    /// <example><code>
    /// let warmup = Schedule.linear 0.0 1.0 10
    /// [ 0; 5; 10; 1_000 ] |> List.map (fun step -> warmup |> Schedule.at step)
    /// // => [0.0; 0.5; 1.0; 1.0]
    /// </code></example>
    let linear (init: float) (final: float) (steps: int) : Schedule =
        if steps < 1 then
            invalidArg (nameof steps) $"a line over at least one step, not {steps}"

        Schedule(fun step -> until steps step * ((final - init) / float steps) + init)

    /// <summary>From <c>init</c> to <c>final</c> by half a cosine over so many steps, then constant
    /// (<c>mlx.optimizers.cosine_decay</c>).</summary>
    /// <example><code>
    /// let rate = Schedule.cosineTo 0.1 0.5 10
    /// [ 0; 5; 10; 1_000 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [0.5; 0.3; 0.1; 0.1]
    /// </code></example>
    let cosineTo (final: float) (init: float) (steps: int) : Schedule =
        Schedule(fun step ->
            let decay = 0.5 * (1.0 + Tensor.cos ((Math.PI / float steps) * until steps step))
            final + decay * (init - final))

    /// <summary>From <c>init</c> to 0 by half a cosine over so many steps
    /// (<c>mlx.optimizers.cosine_decay</c>).</summary>
    /// <example><code>
    /// let rate = Schedule.cosine 1.0 10
    /// [ 0; 5; 10 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [1.0; 0.5; 0.0]
    /// </code></example>
    let cosine (init: float) (steps: int) : Schedule = cosineTo 0.0 init steps

    /// <summary>init rate^step (<c>mlx.optimizers.exponential_decay</c>).</summary>
    /// <example><code>
    /// let rate = Schedule.exponential 1.0 0.5
    /// [ 0; 1; 3 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [1.0; 0.5; 0.125]
    /// </code></example>
    let exponential (init: float) (rate: float) : Schedule =
        Schedule(fun step -> init * Tensor.power (float32s step) (Tensor.scalar rate))

    /// <summary>init rate^(step / size), the quotient an integer
    /// (<c>mlx.optimizers.step_decay</c>).</summary>
    /// <example><code>
    /// let rate = Schedule.step 1.0 0.5 30
    /// [ 0; 29; 30; 60 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [1.0; 1.0; 0.5; 0.25]
    /// </code></example>
    let step (init: float) (rate: float) (size: int) : Schedule =
        Schedule(fun step ->
            let count = step |> Tensor.floorDivide (Tensor.scalar size |> Tensor.astype step.DType)
            init * Tensor.power (float32s count) (Tensor.scalar rate))

    /// <summary>One schedule after the other, each counting from where it begins
    /// (<c>mlx.optimizers.join_schedules</c>).</summary>
    /// <param name="first">The first schedule.</param>
    /// <param name="later">Where each of the others begins, ascending, and the schedule.</param>
    /// <example><code>
    /// let rate = Schedule.join (Schedule.linear 0.0 1.0 10) [ 10, Schedule.step 1.0 0.5 30 ]
    /// [ 5; 10; 39; 40 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [0.5; 1.0; 1.0; 0.5]
    /// </code></example>
    let join (first: Schedule) (later: seq<int * Schedule>) : Schedule =
        let later = List.ofSeq later

        Schedule(fun step ->
            (first.At step, later)
            ||> List.fold (fun value (start, schedule) ->
                let start = Tensor.scalar start |> Tensor.astype step.DType
                let isBefore = step |> Tensor.less start
                Tensor.where isBefore value (schedule.At(step - start))))

    /// <summary>A line from 0 to the peak over the warm-up, then half a cosine down to 0 at
    /// <c>total</c> steps.</summary>
    /// <example><code>
    /// let rate = Schedule.warmupCosine 100 1_100 1.0
    /// [ 0; 50; 100; 600; 1_100 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [0.0; 0.5; 1.0; 0.5; 0.0]
    /// </code></example>
    let warmupCosine (warmup: int) (total: int) (peak: float) : Schedule =
        if warmup < 1 then
            cosine peak total
        elif total <= warmup then
            invalidArg (nameof total) $"{total} steps leave none after a warm-up of {warmup}"
        else
            join (linear 0.0 peak warmup) [ warmup, cosine peak (total - warmup) ]

    /// <summary>
    /// One cycle (Smith and Topin 2018): by half a cosine from a 25th of the peak to the peak over
    /// three tenths of the steps, then by half a cosine to a 10,000th of the first value, as
    /// <c>optax.cosine_onecycle_schedule</c> has it.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">There are fewer than 4 steps, which leave none
    /// to rise in.</exception>
    /// <example><code>
    /// let rate = Schedule.oneCycle 1_000 1.0
    /// [ 0; 300; 1_000 ] |> List.map (fun step -> rate |> Schedule.at step)
    /// // => [0.04; 1.0; 4e-06]
    /// </code></example>
    let oneCycle (total: int) (peak: float) : Schedule =
        if total < 4 then
            invalidArg (nameof total) $"a cycle of at least 4 steps, not {total}"

        let rise = int (0.3 * float total)
        let first = peak / 25.0
        let fall = cosineTo (first / 1e4) peak (total - rise)
        join (cosineTo peak first rise) [ rise, fall ]

    /// <summary>A schedule times another.</summary>
    /// <example><code>
    /// let rate = Schedule.linear 0.0 1.0 10 |> Schedule.multiply (Schedule.constant 0.5)
    /// rate |> Schedule.at 10
    /// // => 0.5
    /// </code></example>
    let multiply (b: Schedule) (a: Schedule) : Schedule =
        Schedule(fun step -> a.At step * b.At step)
