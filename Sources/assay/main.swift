import Commands

AssayProgram.main()
