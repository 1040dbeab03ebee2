return Seamsim.Cli.Root.Invoke(args, Console.Out, Console.Error);
