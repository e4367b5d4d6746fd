namespace Mlx.Models.Jinja

/// An expression, and where in the template it stands.
type internal Expr = { At: int; Node: Node }

and [<RequireQualifiedAccess>] internal Node =
    | Literal of Value
    | Name of string
    | Attribute of Expr * string
    | Item of Expr * Expr
    | Slice of Expr * start: Expr option * stop: Expr option * step: Expr option
    | Call of Expr * Arguments
    | Filter of Expr * string * Arguments
    | Test of Expr * string * Arguments
    | Not of Expr
    | Negate of Expr
    | Plus of Expr
    | And of Expr * Expr
    | Or of Expr * Expr
    /// An operator between two values.
    | Binary of string * Expr * Expr
    /// `a < b <= c`: each neighbour pair must hold.
    | Compare of Expr * (string * Expr) list
    | If of condition: Expr * yes: Expr * no: Expr option
    | List of Expr list
    | Tuple of Expr list
    | Dict of (Expr * Expr) list

and internal Arguments = { Positional: Expr list; Named: (string * Expr) list }

/// What a `set` or a `for` gives a value.
[<RequireQualifiedAccess>]
type internal Target =
    | Name of string
    | Field of space: string * field: string
    | Names of Target list

type internal Statement = { Start: int; Body: Body }

and [<RequireQualifiedAccess>] internal Body =
    | Text of string
    | Print of Expr
    | If of (Expr * Statement list) list * otherwise: Statement list
    | For of Loop
    | Set of Target * Expr
    | SetBlock of Target * filters: (string * Arguments) list * Statement list
    | Macro of string * parameters: (string * Expr option) list * Statement list
    | Filtered of filters: (string * Arguments) list * Statement list
    | Break
    | Continue

and internal Loop =
    { Target: Target
      Source: Expr
      Condition: Expr option
      Each: Statement list
      Empty: Statement list }
