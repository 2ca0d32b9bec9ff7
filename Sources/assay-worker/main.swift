import Glibc
import PluginHost

exit(WorkerProgram.main())
