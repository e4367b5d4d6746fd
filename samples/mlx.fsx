// The libraries for the scripts of this repository; `dotnet fsi build.fsx samples` builds them. In
// a project of your own this takes the place of the file: #r "nuget: Mlx.Models"
#I "../tools/Notebooks/bin/Release/net10.0"
#r "Mlx.Core.dll"
#r "Mlx.Functional.dll"
#r "Mlx.Models.dll"
